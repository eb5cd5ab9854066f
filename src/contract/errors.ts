/**
 * Every expected failure of the product: its code, what it means, and what to do about it. The window, the command
 * line and the log all use these. The sentence that a person reads is made where the failure happens, because only
 * there are the file and the record known; `remedy` is the general advice shown beside it.
 */
export const errors = {
  'bad-json': {
    means: 'The text is not valid JSON.',
    remedy: 'Open the file at the line named and mend it, or export it again.'
  },
  'empty-file': { means: 'The file holds nothing.', remedy: 'Choose another file, or export it again.' },
  'not-a-file': {
    means: 'A folder was given where a file is needed.',
    remedy: 'Name a file inside the folder.'
  },
  'not-found': {
    means: 'There is nothing at this path, or no record of this name.',
    remedy: 'Check the path or the name.'
  },
  unreadable: { means: 'The file could not be read.', remedy: 'Check its permissions and the disk.' },
  'unknown-format': {
    means: 'The file is in no format that this program reads.',
    remedy: 'Name the format, or convert the file to JSONL.'
  },
  'bad-record': {
    means: 'A record lacks a field or holds the wrong kind of value.',
    remedy: 'Mend the record named; the others were kept.'
  },
  'bad-encoding': {
    means: 'The text is not valid Unicode.',
    remedy: 'Save the file as UTF-8 without broken characters.'
  },
  'span-outside-text': {
    means: 'A span reaches beyond its text.',
    remedy: 'Mend the offsets; they are Unicode code points, half-open.'
  },
  'quote-mismatch': {
    means: 'The quoted words are not where the offsets say.',
    remedy: 'Mend the quote or the offsets.'
  },
  'record-too-large': { means: 'One record is larger than 32 MiB.', remedy: 'Split the record.' },
  'checkpoint-corrupt': {
    means: 'A file of weights is damaged or hostile.',
    remedy: 'Copy the model folder again from its source.'
  },
  'tensor-missing': {
    means: 'The checkpoint lacks a tensor that its configuration asks for.',
    remedy: 'Copy the model folder again from its source.'
  },
  'architecture-unsupported': {
    means: 'The model is of a kind that the engine does not know.',
    remedy: 'Use a model of a family that the sentence names.'
  },
  'vocabulary-mismatch': {
    means: 'The tokenizer has more tokens than the model.',
    remedy: 'Use the tokenizer that came with the model.'
  },
  'tokenizer-missing': {
    means: 'The model folder has no tokenizer.json.',
    remedy: 'Add the tokenizer that came with the model.'
  },
  'tokenizer-invalid': {
    means: 'The tokenizer is damaged or of a kind that this program does not know.',
    remedy: 'Use the byte-level or SentencePiece tokenizer that came with the model.'
  },
  'tokenizer-unfaithful': {
    means: 'The text does not survive the tokenizer.',
    remedy: 'The answer was left out and counted.'
  },
  'project-newer': {
    means: 'The project was written by a newer version.',
    remedy: 'Install the newer version.'
  },
  'project-older': {
    means: 'The project was written by an older version.',
    remedy: 'Open it once where it can be written.'
  },
  'project-busy': { means: 'The project is open elsewhere.', remedy: 'Close it there first.' },
  'project-damaged': {
    means: 'The file is not a sound project.',
    remedy: 'Open a copy, or run check to see what is damaged.'
  },
  'disk-full': {
    means: 'There is no room left on the disk.',
    remedy: 'Make room and try again; nothing was half-written.'
  },
  'read-only': {
    means: 'The place cannot be written to.',
    remedy: 'Choose another folder, or change its permissions.'
  },
  'device-unavailable': {
    means: 'The device asked for cannot be used here.',
    remedy: 'Choose cpu, or install what the message names.'
  },
  'out-of-memory-estimate': {
    means: 'The run needs more memory than there is.',
    remedy: 'Lower the batch or the number of new tokens.'
  },
  'trainer-busy': { means: 'A run or a training is already going.', remedy: 'Wait for it, or stop it.' },
  'trainer-died': {
    means: 'The trainer process ended unexpectedly.',
    remedy: 'Resume the run; it continues from its last checkpoint.'
  },
  'not-a-number': {
    means: 'A loss or a weight became NaN or infinite.',
    remedy: 'Lower the learning rate; what was written before is kept.'
  },
  'critic-failing': {
    means: 'The critic failed on more than a fifth of the answers.',
    remedy: 'Mend the critic, then resume the run.'
  },
  'critic-not-trusted': {
    means: 'The critic has not passed the project’s thresholds on answers that people marked.',
    remedy: 'Evaluate it on the test split, train it further, or override the gate with a reason.'
  },
  'critic-failed': {
    means: 'The critic could not judge an answer.',
    remedy: 'The answer was left out of training and counted.'
  },
  'host-not-allowed': {
    means: 'The critic would send texts to a machine that nobody has allowed.',
    remedy: 'Allow the host by name, with --allow-host or in the settings, or use a server on this machine.'
  },
  'critic-unreachable': {
    means: "The critic's server does not answer, or refuses.",
    remedy: 'Start the server, and check its address, its model and its key.'
  },
  'bad-reply': {
    means: "The critic's server replied with something that cannot be used.",
    remedy: 'The answer was left out and counted; try a larger model, or one that follows a schema.'
  },
  'budget-spent': {
    means: "The critic's budget is spent.",
    remedy: 'Raise the budget in its settings, or judge fewer answers.'
  },
  'sampler-mismatch': {
    means: 'Sampler and trainer disagree on the probability of a token.',
    remedy: 'Report this with the run folder.'
  },
  'nothing-to-train': {
    means: 'No answer is left to train on.',
    remedy: 'Annotate answers, or look at what was dropped and why.'
  },
  'no-gain': {
    means: 'The demo did not raise the truth score for certain.',
    remedy: 'Look at the report: it has the scores of every seed.'
  },
  'run-not-resumable': {
    means: 'The run cannot be resumed from what is on the disk.',
    remedy: 'Start it again.'
  },
  'bad-configuration': { means: 'The run configuration is not valid.', remedy: 'Mend the key named.' },
  'bad-rules': { means: 'The rules file is not valid.', remedy: 'Mend the rule named.' },
  'export-differs': {
    means: 'The exported model does not compute what the original does.',
    remedy: 'Nothing was kept; report this with the model and the adapter.'
  },
  'bad-input': { means: 'A request was not understood.', remedy: 'Mend the value named.' },
  'unknown-command': { means: 'There is no such command or option.', remedy: 'Run text2grad --help.' },
  cancelled: {
    means: 'The work was cancelled.',
    remedy: 'Nothing was kept of the part that was not finished.'
  },
  internal: { means: 'Something went wrong inside the program.', remedy: 'Report this with the log.' }
} as const satisfies Record<string, { means: string; remedy: string }>

export type ErrorCode = keyof typeof errors

/** A failure as it crosses a border. */
export interface FailureValue {
  readonly code: ErrorCode
  readonly message: string
}

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: FailureValue }

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errors, code)
}

/** What to do about a failure, unless its sentence says so; undefined too if the code is none of ours. */
export function remedyBeside({ code, message }: { readonly code: string; readonly message: string }) {
  if (!isErrorCode(code)) return undefined
  const { remedy } = errors[code]
  return message.toLowerCase().includes(remedy.toLowerCase().replace(/\.$/, '')) ? undefined : remedy
}

/** What the operating system calls it, in our words. */
const systemCodes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  SQLITE_FULL: 'disk-full',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
  SQLITE_READONLY: 'read-only',
  ENOENT: 'not-found',
  EISDIR: 'not-a-file',
  EIO: 'unreadable'
}

/** Turns anything thrown into a value that may cross a border. */
export function toFailure(thrown: unknown): FailureValue {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown }
  const text = typeof message === 'string' ? message : String(thrown)
  if (isErrorCode(code)) return { code, message: text }
  const known = typeof code === 'string' ? systemCodes[code] : undefined
  return known
    ? { code: known, message: `${errors[known].means} ${errors[known].remedy} (${text})` }
    : { code: 'internal', message: text }
}
