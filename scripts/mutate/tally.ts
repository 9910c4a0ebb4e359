import type { Note } from './awake.ts'

const addTo = <Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void => {
  map.set(key, (map.get(key) ?? new Set()).add(value))
}

/** What the workers of a hunt have told so far. */
export class Tally {
  /** By mutant: the test that told it. */
  readonly killed = new Map<number, string>()
  /** By mutant: the test files in which it could have shown. */
  readonly reached = new Map<number, Set<string>>()
  /** By mutant: how many tests it was awake in. */
  readonly spent = new Map<number, number>()
  /** Tests that fail when they are run again, with no mutant awake. */
  readonly unusable = new Set<string>()

  take(note: Note): void {
    switch (note.type) {
      case 'killed':
        if (!this.killed.has(note.id)) this.killed.set(note.id, note.by)
        break
      case 'try':
        this.spent.set(note.id, (this.spent.get(note.id) ?? 0) + 1)
        break
      case 'unusable':
        if (note.after === 0) this.unusable.add(`${note.test} (${note.why})`)
        break
      case 'reached':
        for (const id of note.ids) addTo(this.reached, id, note.file)
        break
      case 'file ended':
        break
      default:
        note satisfies never
    }
  }
}
