import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { openFga } from '../../../src/entrypoints/fga.ts'
import { policy } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { browser, signInWorld } from '../sign-in/sign-in-world.ts'
import { schema, smallWorld } from './small-world.ts'

/** The least processor time of three runs, in milliseconds: a busy machine lengthens a single one. */
async function leastTime(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < 3; run++) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1e3)
  }
  return Math.min(...times)
}

/** Makes the rule of a policy throw a text. @returns The message that the operator reads. */
async function faultOf(text: string): Promise<string | undefined> {
  const { guard, call } = smallWorld()
  const faults: string[] = []
  const throwing = policy(schema, {
    approval: {
      message: () => {
        throw new Error(text)
      },
    },
  })
  await guard({ onFault: ({ message }) => void faults.push(message) }).run(throwing, call(), () => 'ran')
  return faults[0]
}

const { start, signIn } = await signInWorld()

async function cookieOf(length: number): Promise<void> {
  await signIn.start(browser({ a: `${'\t'.repeat(length)}x` }).request('https://app.example.com/login'))
}

async function acrOf(length: number): Promise<void> {
  await rejection(start({ acrValues: [`${'!,'.repeat(length)}\0`] }))
}

const addressOf = async (length: number): Promise<unknown> =>
  openFga({
    apiUrl: `https://fga.example/${'/'.repeat(length)}x`,
    storeId: '0'.repeat(26),
    authorizationModelId: '0'.repeat(26),
  })

describe('a text that takes ten times the characters takes no hundred times as long', () => {
  test.each<[string, (length: number) => Promise<unknown>, number, number]>([
    ['beginnings of JWTs, in an error', (length) => faultOf('eyJ'.repeat(length)), 1_000, 10_000],
    ['beginnings of JWTs, each long enough', (length) => faultOf('eyJaaaaaaaa-'.repeat(length)), 500, 5_000],
    ['beginnings of addresses, in an error', (length) => faultOf('://a'.repeat(length)), 1_500, 15_000],
    ['a cookie', cookieOf, 3_000, 30_000],
    ['a level of login', acrOf, 3, 27],
    ['the address of a permission server', addressOf, 3_000, 30_000],
  ])('%s', async (_, run, small, large) => {
    const least = await leastTime(() => run(small))
    expect(await leastTime(() => run(large))).toBeLessThan(40 * Math.max(5, least))
  })
})

test.each([
  ['a JWT after the beginning of another', `eyJ.eyJ${'a'.repeat(8)}.b.c!`, 'eyJ.[hidden]!'],
  ['a JWT within a word', `x_eyJ${'a'.repeat(8)}.b c`, 'x_[hidden] c'],
  ['the beginning of a JWT', `eyJ${'a'.repeat(20)} b.c`, `eyJ${'a'.repeat(20)} b.c`],
  ['a JWT as the user of an address', 'https://eyJaaaaaaaaaa@host', 'https://[hidden]@host'],
  ['a JWT of a server', `https://eyJ${'a'.repeat(8)}.b.c/x`, 'https://[hidden]/x'],
])(verifies('I3', '%s is read in an error'), async (_, text, shown) => {
  expect(await faultOf(text)).toBe(`Error: ${shown}`)
})
