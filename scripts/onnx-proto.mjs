/**
 * Makes src/engine/onnx/onnx_pb.ts again from onnx.proto. Works offline: buf and its plugin are in node_modules.
 *   node scripts/onnx-proto.mjs
 */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const bin = (name) => resolve(root, 'node_modules/.bin', name)
const template = {
  version: 'v2',
  plugins: [{ local: bin('protoc-gen-es'), out: 'src/engine/onnx', opt: 'target=ts' }]
}
execFileSync(bin('buf'), ['generate', 'src/engine/onnx', '--template', JSON.stringify(template)], {
  cwd: root,
  stdio: 'inherit'
})
execFileSync(bin('prettier'), ['--write', 'src/engine/onnx/onnx_pb.ts'], { cwd: root, stdio: 'inherit' })
