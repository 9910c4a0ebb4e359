import type { Unjustified } from './judges/facts.ts'

/** What the code of today breaks, until it is mended: the model finds it, and the search for other breaks goes on. */
interface OpenBreak {
  readonly name: string
  readonly promise: string
  readonly why: RegExp
  /** The rest of the sequence is judged too. */
  readonly goesOn?: true
}

export const openBreaks: readonly OpenBreak[] = [
  {
    name: 'four-eyes',
    promise: 'notAgain',
    why: /its owner said|its own doubt|begins for the \d+th time|asked about it again/,
  },
  { name: 'no-evidence', promise: 'notAgain', why: /nothing shows that it had no effect|by ways of its own/ },
  { name: 'no-evidence', promise: 'notBesideDoubt', why: /nothing shows that it had no effect|by ways of its own/ },
  { name: 'write-inside', promise: 'notAgain', why: /a write inside it is done/ },
  { name: 'write-inside', promise: 'notBesideDoubt', why: /a write inside it is done/ },
  { name: 'left-unseen', promise: 'sameResult', why: /whose caller had left/ },
  { name: 'left-unseen', promise: 'notBesideDoubt', why: /its caller had left/ },
  { name: 'equal-at-once', promise: 'waits', why: /./ },
  { name: 'equal-at-once', promise: 'notForEver', why: /underWay|an equal call|runs the same call|is running now/ },
  { name: 'equal-at-once', promise: 'notBesideDoubt', why: /is running$/ },
  { name: 'replay', promise: 'sameResult', why: /is told nothing of a run before/, goesOn: true },
]

/** The open break that an unjustified event shows. */
export const openBreakOf = ({ promise, why }: Unjustified): OpenBreak | undefined =>
  openBreaks.find((each) => each.promise === promise && each.why.test(why))
