/** `outage`: nothing happens, and an error comes back. `lost`: it happens, and an error comes back. `slow`: it takes 4 s. */
export const faults = ['outage', 'lost', 'slow'] as const
export type Fault = (typeof faults)[number]

interface Planned {
  readonly process: string
  readonly kind: string
  readonly fault: Fault
  left: number
}

export const SLOW_SECONDS = 4

/** Is told of each fault. */
export interface HearsOfFaults {
  /** @param process - The one that is late for it, with what it does last. */
  begins(what: string, process: string | undefined): void
  /** An operation that was one of several at once. */
  wasSlow(process: string): void
}

/** Which of the coming operations fail. */
export class FaultBook {
  readonly #hears: HearsOfFaults
  #planned: Planned[] = []

  constructor(hears: HearsOfFaults) {
    this.#hears = hears
  }

  /** @param after - Operations of this kind that go well before. */
  plan(process: string, kind: string, fault: Fault, after: number): void {
    this.#planned.push({ process, kind, fault, left: after })
  }

  take(process: string, kind: string): Fault | undefined {
    for (const planned of this.#planned) {
      if (planned.process !== process || planned.kind !== kind) continue
      if (planned.left-- > 0) continue
      this.#planned.splice(this.#planned.indexOf(planned), 1)
      // A request ends before the process looks for the last time whether a body may begin.
      this.#hears.begins(`fault: ${kind} ${planned.fault}`, kind === 'store' ? process : undefined)
      return planned.fault
    }
    return undefined
  }

  /** A slow operation ends, which was one of several at once. */
  wasSlow(process: string): void {
    this.#hears.wasSlow(process)
  }

  clear(): void {
    this.#planned = []
  }
}
