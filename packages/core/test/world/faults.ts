/** `outage`: nothing happens, and an error comes back. `lost`: it happens, and an error comes back. `slow`: it takes 4 s. */
export const faults = ['outage', 'lost', 'slow'] as const
export type Fault = (typeof faults)[number]

interface Planned {
  readonly process: string
  readonly kind: string
  readonly fault: Fault
  left: number
}

/** Which of the coming operations fail. */
export class FaultBook {
  readonly #saw: (what: string) => void
  #planned: Planned[] = []

  /** @param saw - Is told of each fault as it happens. */
  constructor(saw: (what: string) => void) {
    this.#saw = saw
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
      this.#saw(`fault: ${kind} ${planned.fault}`)
      return planned.fault
    }
    return undefined
  }

  clear(): void {
    this.#planned = []
  }
}
