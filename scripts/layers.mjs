/**
 * The layer table: what each folder of `src` may import, which packages it may use, and whether it may use Node.
 * The dependency-cruiser rules and the table in ARCHITECTURE.md are made from it (`npm run check`).
 */
export const layers = [
  {
    folder: 'pipeline',
    imports: [],
    packages: ['approx-string-match', 'diff', 'simple-statistics'],
    node: false
  },
  {
    folder: 'tokens',
    imports: ['pipeline'],
    packages: ['@huggingface/tokenizers', '@huggingface/jinja'],
    node: false
  },
  { folder: 'formats', imports: ['pipeline'], packages: ['zod'], node: false },
  {
    folder: 'engine',
    imports: [],
    packages: ['@bufbuild/protobuf'],
    node: false,
    except: ['engine/runtime', 'engine/checkpoint']
  },
  { folder: 'engine/runtime', imports: ['engine'], packages: ['onnxruntime-node'], node: true },
  { folder: 'engine/checkpoint', imports: ['engine'], packages: [], node: true },
  { folder: 'contract', imports: ['pipeline'], packages: ['zod'], node: false },
  { folder: 'files', imports: ['pipeline', 'contract'], packages: [], node: true },
  {
    folder: 'critics',
    imports: ['pipeline', 'tokens', 'contract', 'files'],
    packages: ['re2js', 'zod'],
    node: true
  },
  {
    folder: 'jobs',
    imports: ['engine', 'pipeline', 'tokens', 'critics', 'contract', 'files', 'jobs/sessions'],
    packages: [],
    node: true,
    except: ['jobs/sessions']
  },
  { folder: 'jobs/sessions', imports: ['engine', 'pipeline', 'contract'], packages: [], node: false },
  { folder: 'store', imports: ['pipeline'], packages: ['better-sqlite3'], node: true },
  {
    folder: 'app',
    imports: ['store', 'formats', 'tokens', 'pipeline', 'contract', 'critics', 'files', 'jobs/sessions'],
    packages: [],
    node: true
  },
  { folder: 'trainer', imports: ['jobs', 'contract', 'files'], packages: ['electron'], node: true },
  { folder: 'main', imports: ['app', 'contract'], packages: ['electron', 'electron-log'], node: true },
  { folder: 'cli', imports: ['app', 'jobs', 'contract', 'pipeline'], packages: ['commander'], node: true },
  { folder: 'preload', imports: ['contract'], packages: ['electron'], node: false },
  {
    folder: 'renderer',
    imports: ['contract', 'pipeline'],
    packages: ['svelte', 'uplot', 'virtua', 'bits-ui', '@lucide/svelte', 'tinykeys', '@fontsource-variable'],
    node: false
  }
]
