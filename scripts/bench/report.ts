import { execFileSync } from 'node:child_process'
import { type Figure, micro, type Section } from './figures.ts'
import { ROUNDS } from './measure.ts'

export interface Surroundings {
  /** Processor, cores, memory. */
  readonly machine: string
  readonly node: string
  /** How busy the machine was, as the system tells it: processes that wanted a core, before and after. */
  readonly load: readonly [before: number, after: number]
}

/** The page that `npm run bench -- --report` writes. */
export function reportOf(sections: readonly Section[], { machine, node, load }: Surroundings): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return [
    '# Benchmarks',
    '',
    'Every figure stands beside a peer that was measured in turn with it, in the same process, one a file: on another machine',
    'the times differ, and the ratios should not by much. Nothing here is asserted by a test, since a busy machine is no fault.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 10)} at ${commit}, ${node}, ${machine}; load ${load.map((value) => value.toFixed(1)).join(' before, ')} after.`,
    '',
    '```sh',
    'npm run bench               # everything, to the terminal; about a quarter of an hour',
    'npm run bench -- guard      # the files whose name holds `guard`',
    'npm run bench -- --report   # everything, and this page anew',
    '```',
    '',
    `Medians over ${ROUNDS} rounds. Times of calls and their ratio are by the clock on the wall. "Over it" is how much longer than for`,
    'the peer processors work for a call, all threads of the process together, with the middle half of the rounds: a few',
    'microseconds between two times on the wall are lost in what else a machine does. "Promised" is what the cost may be. A miss is',
    'explained below its table.',
    '',
    'The guard parses a call’s input by the schema of its policy, whatever a framework did before. The peers of the tools of 200',
    'fields parse as often as the guard does, since the time of a schema is its own: over a call that does not, add that time.',
    ...sections.flatMap(sectionOf),
    '',
  ].join('\n')
}

function sectionOf({ title, figures, notes }: Section): string[] {
  return [
    '',
    `## ${title}`,
    ...(figures.length === 0
      ? []
      : [
          '',
          '| what | a call | peer | ratio | over it | promised |',
          '| --- | ---: | ---: | ---: | ---: | --- |',
          ...figures.map(rowOf),
        ]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((text) => `- ${cell(text.trim())}`)]),
  ]
}

function rowOf({ name, peerName, run, peer, ratio, over, overSpread, bar, within }: Figure): string {
  const promised = bar === undefined ? '' : `${bar}: ${within === true ? 'kept' : '**missed**'}`
  const cells = [
    name,
    micro(run),
    `${peerName}: ${micro(peer)}`,
    ratio.toFixed(2),
    `${micro(over)} (${overSpread.map(micro).join(' to ')})`,
    promised,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
