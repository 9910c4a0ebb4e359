import { execFileSync } from 'node:child_process'
import { type Figure, micro, type Section } from './figures.ts'
import { ROUNDS } from './measure.ts'

export interface Surroundings {
  /** Processor, cores, memory. */
  readonly machine: string
  readonly node: string
  /** Load of the machine, as the system reports it: processes that waited for a core, before and after. */
  readonly load: readonly [before: number, after: number]
}

/** Returns the page that `npm run bench -- --report` writes. */
export function reportOf(sections: readonly Section[], { machine, node, load }: Surroundings): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return [
    '# Benchmarks',
    '',
    'Each figure has a peer, measured alternately with it in the same process, one file at a time. On another machine the times differ, and',
    'the ratios should differ little. No test asserts these figures, because they depend on how busy the machine is.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 10)} at ${commit}, ${node}, ${machine}; load ${load.map((value) => value.toFixed(1)).join(' before, ')} after.`,
    '',
    '```sh',
    'npm run bench               # everything, to the terminal; about a quarter of an hour',
    'npm run bench -- guard      # the files with `guard` in their name',
    'npm run bench -- --report   # everything, and writes this page again',
    '```',
    '',
    `Times are medians over ${ROUNDS} rounds. Times of calls and their ratio are wall-clock times. "Over it" is the extra processor time of a`,
    'call over its peer, of all threads of the process, with the middle half of the rounds. On the wall clock, a difference of a few',
    'microseconds disappears in other work of the machine. "Promised" is the allowed cost. A note below a table explains each miss.',
    '',
    'The guard parses a call’s input by the schema of its policy, also if a framework parsed it before. The peers of the rows "beside the',
    'time of its schema" parse as often as the guard does, because that time belongs to the schema. Compare other packages with the rows of',
    'tools that take their token: the body takes it there too, and all these peers are bare, without a parse. On LangChain, no difference',
    'between the packages is visible in these rows.',
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
