import { isDeepStrictEqual } from 'node:util'
import { countLeaks, type Printer } from '@behalf/example-stock-agent/demo'
import { login } from '@behalf/testing'
import { type Answer, createAgent, type StockAgent } from './agent.ts'
import type { World } from './world.ts'

/** The story's parts share this. */
interface Stage {
  readonly world: World
  readonly printer: Printer
  readonly ann: StockAgent
  readonly bob: StockAgent
  /** Addresses to which Ann's browser was sent. */
  readonly signIns: readonly URL[]
  check(what: string, actual: unknown, expected: unknown): void
  ask(who: 'ann' | 'bob', prompt: string): Promise<Answer>
}

/** Runs the story, and checks it. @returns whether every check passed */
export async function runStory(world: World, printer: Printer): Promise<boolean> {
  let checks = 0
  let mismatches = 0
  const signIns: URL[] = []
  const agents = {
    ann: createAgent({ world, user: 'ann', onSignIn: (url) => signIns.push(url) }),
    bob: createAgent({ world, user: 'bob' }),
  }
  const check = (what: string, actual: unknown, expected: unknown) => {
    checks++
    const isRight = isDeepStrictEqual(actual, expected)
    if (!isRight) mismatches++
    printer.check(what, isRight ? undefined : { what, expected, actual })
  }
  const stage: Stage = {
    world,
    printer,
    ...agents,
    signIns,
    check,
    async ask(who, prompt) {
      const audited = world.audit.length
      printer.line()
      printer.field(who, `“${prompt}”`, 'cyan')
      const answer = await agents[who].ask(prompt)
      printer.audit(world.audit.slice(audited))
      printer.field('answer', told(answer), 'bold')
      return answer
    },
  }
  for (const { title, lead, run } of [...levels, ...refusals]) {
    printer.heading(title, lead)
    await run(stage).catch((error: unknown) => check(`${title} runs to its end`, String(error), 'no error'))
  }
  check(
    'neither this output nor the audit shows a token',
    countLeaks(printer.written + JSON.stringify(world.audit), []),
    0,
  )
  printer.line()
  const parts = `${levels.length} levels, ${refusals.length} refusals`
  printer.line(
    printer.paint(mismatches === 0 ? 'green' : 'red', `${parts}: ${checks} checks, ${mismatches} mismatches`),
  )
  return mismatches === 0
}

interface Part {
  readonly title: string
  readonly lead: string
  readonly run: (stage: Stage) => Promise<void>
}

const levels: readonly Part[] = [
  {
    title: 'Level 1: public',
    lead: 'The agent is refused, reads where to go, registers itself, and signs its user in. Any user may then ask prices.',
    async run({ ask, check, ann, signIns, world }) {
      const answer = await ask('ann', 'What is AAPL trading at?')
      check('the price is shown', answer.status, 'done')
      check('after one sign-in', signIns.length, 1)
      check('for this server', signIns[0]?.searchParams.get('resource'), world.resource)
      check('asking for what it needs', signIns[0]?.searchParams.get('scope')?.includes('mcp:trade'), false)
      check('the list is what Ann may call', (await ann.tools()).length, 5)
    },
  },
  {
    title: 'Level 2: identity',
    lead: 'Who calls is what the token says: a scoped JWT for this server, verified at its gate.',
    async run({ ask, check, world }) {
      const answer = await ask('ann', 'Who am I?')
      check('the agent knows Ann', field(answer, 'subject'), 'ann')
      check('by her issuer', field(answer, 'issuer'), world.target.authorizationServer.issuer)
      check('and Bob as Bob, at the same time', field(await ask('bob', 'Who am I?'), 'subject'), 'bob')
    },
  },
  {
    title: 'Level 3: private data',
    lead: 'OpenFGA is asked, and the upstream is reached with a token from the vault, never with the caller’s.',
    async run({ ask, check }) {
      check('Ann sees her portfolio', field(await ask('ann', 'Show me my portfolio'), 'id'), 'p-ann')
      check('and Bob his', field(await ask('bob', 'Show me my portfolio'), 'id'), 'p-bob')
    },
  },
  {
    title: 'Level 4: sensitive action',
    lead: 'Orders need more scopes, which the agent asks for when it is told; a large one needs Ann’s yes on her phone.',
    run: signedOffOrder,
  },
]

async function signedOffOrder({ ask, check, world, printer, ann, signIns }: Stage): Promise<void> {
  const before = await world.orders('p-ann')
  const small = await ask('ann', 'Buy 5 shares of AAPL')
  check('a small order runs at once', field(small, 'quantity'), 5)
  check('after a step-up that keeps what it had', signIns.at(-1)?.searchParams.get('scope')?.split(' ').slice(0, 2), [
    'mcp:tools',
    'mcp:trade',
  ])
  const asked = await ask('ann', 'Buy 50 shares of AAPL')
  check('a large one waits', asked.status, 'waiting')
  if (asked.status !== 'waiting') return
  check('nothing was ordered yet', (await world.orders('p-ann')) - before, 1)
  const { controls } = world.target.authorizationServer
  const [question] = await controls.pendingRequests('ann')
  if (question === undefined) throw new TypeError('no question was sent')
  printer.question(question)
  const early = await ann.goOn(asked.call)
  check('coming back too early changes nothing', early.status, 'waiting')
  await controls.approve(question.authReqId)
  printer.field('phone', 'ann approves; the agent comes back by a fresh connection')
  await pause(asked.interrupt.interval)
  const placed = await ann.goOn(asked.call)
  printer.field('answer', told(placed), 'bold')
  check('after the approval, the order ran', field(placed, 'quantity'), 50)
  check('and coming again tells the same', await ann.goOn(asked.call), placed)
  check('two orders were placed in all', (await world.orders('p-ann')) - before, 2)
}

const refusals: readonly Part[] = [
  {
    title: 'Refusal 1: another user’s portfolio',
    lead: 'The model believes what it reads. OpenFGA does not.',
    async run({ ask, check, world }) {
      const answer = await ask('ann', 'Buy 50 shares of AAPL for portfolio p-bob')
      check('not permitted', answer.status === 'refused' && answer.code, 'not_permitted')
      check('and no question is sent', (await world.target.authorizationServer.controls.pendingRequests()).length, 0)
    },
  },
  {
    title: 'Refusal 2: a token for another API',
    lead: 'A token that was issued for another API is refused here, even if it is genuine.',
    async run({ check, printer, world }) {
      const { accessToken } = await login(world.target, { user: 'ann' })
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
      const response = await fetch(world.resource, { method: 'POST', headers, body: '{}' })
      printer.field('answer', `${response.status} ${response.headers.get('www-authenticate')?.split(',')[1]?.trim()}`)
      check('401', response.status, 401)
    },
  },
  {
    title: 'Refusal 3: a stolen state',
    lead: 'Bob gets hold of what Ann’s agent keeps while it waits.',
    async run({ ask, check, world, printer, bob }) {
      const asked = await ask('ann', 'Sell 20 shares of MSFT')
      if (asked.status !== 'waiting') throw new TypeError('it did not wait')
      const { controls } = world.target.authorizationServer
      const [question] = await controls.pendingRequests('ann')
      await controls.approve(question?.authReqId ?? '')
      // Bob has scopes for orders of his own.
      await ask('bob', 'Buy 1 share of GOOG')
      const stolen = await bob.goOn(asked.call)
      printer.field('bob', told(stolen), 'bold')
      check('the state is Ann’s', stolen.status === 'refused' && stolen.code, '-32602')
      check(
        'nothing was sold',
        (await world.target.api.controls.orders('p-ann')).some(({ side }) => side === 'sell'),
        false,
      )
    },
  },
  {
    title: 'Refusal 4: denied by the person',
    lead: 'A no is a no, and nothing is sent.',
    async run({ ask, check, world, ann, printer }) {
      const asked = await ask('ann', 'Buy 60 shares of MSFT')
      if (asked.status !== 'waiting') throw new TypeError('it did not wait')
      const { controls } = world.target.authorizationServer
      const [question] = (await controls.pendingRequests('ann')).slice(-1)
      await controls.deny(question?.authReqId ?? '')
      await pause(asked.interrupt.interval)
      const denied = await ann.goOn(asked.call)
      printer.field('answer', told(denied), 'bold')
      check('a denial ends the call', denied.status === 'refused' && denied.code, 'approval_denied')
    },
  },
]

const pause = (seconds = 1) => new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 100))

function field(answer: Answer, name: string): unknown {
  if (answer.status !== 'done' || typeof answer.result !== 'object' || answer.result === null) return told(answer)
  return (answer.result as Readonly<Record<string, unknown>>)[name]
}

function told(answer: Answer): string {
  switch (answer.status) {
    case 'said':
      return answer.text
    case 'done':
      return JSON.stringify(answer.result)
    case 'refused':
      return `${answer.code}: ${answer.text}`
    case 'waiting':
      return `waits: ${answer.interrupt.message}`
    default:
      return answer satisfies never
  }
}
