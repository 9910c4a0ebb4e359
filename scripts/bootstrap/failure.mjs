/** A failure that the person at the keyboard can fix. Its message is all that they need to read. */
export class Failure extends Error {
  constructor(message, { exitCode = 1 } = {}) {
    super(message)
    this.exitCode = exitCode
  }
}

const advice = [
  [/ENOSPC|no space left/i, 'The disk is full: free some space.'],
  [/EACCES|EPERM|permission denied/i, 'A folder may not be written to: check who owns this folder and the npm cache.'],
  [
    /OUTDATED_LOCKFILE|frozen-lockfile/i,
    'A package.json was changed and pnpm-lock.yaml was not: run `npx --yes pnpm@12 install`, then commit the lockfile.',
  ],
  [/EINTEGRITY|TARBALL_INTEGRITY|checksum/i, 'A download arrived damaged: run `npm cache verify`, then try again.'],
  [
    /CERT|self.signed|unable to (get|verify)|UnknownIssuer/i,
    'The connection is inspected by a proxy with its own certificate: `npm config set cafile /path/to/ca.pem`.',
  ],
]

/**
 * Describes what failed, with the tool's own message, and what to do.
 *
 * @param what - The step, as in "could not <what>".
 * @param output - The last lines of the tool that failed.
 */
export function downloadFailure({ what, tool, output, registry, retry }) {
  const lines = output.filter((line) => line.trim() !== '' && !isNoise(line)).slice(-15)
  const text = lines.join('\n')
  const known = advice.filter(([pattern]) => pattern.test(text)).map(([, remedy]) => remedy)
  const subject = packageIn(text)
  return new Failure(
    [
      `could not ${what}${subject === undefined ? '' : ` (at ${subject})`}.`,
      '',
      `${tool} said:`,
      ...lines.map((line) => `    ${line}`),
      '',
      `Registry: ${registry}`,
      'What to do:',
      ...(known.length > 0 ? known : networkAdvice).map((line) => `  - ${line}`),
      `  - Then run again: ${retry}. What was already downloaded is kept.`,
    ].join('\n'),
  )
}

/**
 * Returns whether a line is noise: a stack trace, or a field of an error object that its first line contains already.
 */
function isNoise(line) {
  return /^(npm error)?\s*(at .*:\d+\)?\s*\{?|(code|errno|syscall|address|port|type|requiredBy): .*|\})?$/.test(line)
}

const networkAdvice = [
  'See whether the registry can be reached from here: `npm ping`.',
  'Behind a proxy: set HTTPS_PROXY=http://host:port (and NO_PROXY), or `npm config set https-proxy http://host:port`.',
  'With a mirror: `npm config set registry https://…`.',
]

/** Returns the first URL or package name in an error's text. */
function packageIn(text) {
  return (
    /https?:\/\/[^\s"'),]*[^\s"'),:.;]/.exec(text)?.[0] ?? /(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.-]*/.exec(text)?.[0]
  )
}
