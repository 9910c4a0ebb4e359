import { actorOf } from './actor-of.ts'
import type { Actor, AppProcess } from './app-process.ts'
import type { CommandOf } from './commands.ts'
import { APP, ISSUER, principalOf } from './issuer.ts'
import type { World } from './world.ts'

const CONNECTION = 'files'

/** A person goes to the provider, agrees, and comes back; or another person comes back in their place. */
export async function link(world: World, process: AppProcess, command: CommandOf<'link'>): Promise<void> {
  const { who, proof, account, onlyToRead, choose, finishedBy } = command
  const beginner = await actorOf(world, process, who, proof)
  const { accounts } = process.vault
  const started = await accounts.connect({
    identity: beginner.identity,
    connection: CONNECTION,
    redirectUri: `${APP}/connected`,
    browser: 'a browser',
    ...(onlyToRead && { scopes: ['files.read'] }),
  })
  if (started.status !== 'started') {
    world.saw(`link: ${started.status}`)
    return
  }
  const { parameters, grant } = world.provider.agree(started.url, who, account)
  const { identity, caller: by } =
    finishedBy === undefined ? beginner : await actorOf(world, process, finishedBy, proof)
  const calledAt = world.scheduler.now / 1000
  const answer = await accounts.complete({ identity, connection: CONNECTION, parameters, browser: 'a browser' })
  world.saw(`link: ${answer.status === 'refused' ? answer.reason : answer.status}`)
  if (answer.status !== 'connected') return
  world.tell({ kind: 'linked', grant, account, by, begunBy: who, calledAt })
  if (choose) await prefer(world, process, { identity, caller: by }, account)
}

async function prefer(world: World, process: AppProcess, { identity, caller }: Actor, account: string): Promise<void> {
  const calledAt = world.scheduler.now / 1000
  const happened = { kind: 'account chosen', by: caller, account, calledAt } as const
  world.tell({ ...happened, isSure: false })
  const isChosen = await process.vault.accounts.prefer(identity, { connection: CONNECTION, account })
  world.saw(`choice by the user: ${isChosen}`)
  world.tell({ ...happened, isSure: true, ...(!isChosen && { account: undefined }) })
}

export async function chooseAccount(
  world: World,
  process: AppProcess,
  { who, proof, account, by }: CommandOf<'choose an account'>,
): Promise<void> {
  if (by === 'the user') return prefer(world, process, await actorOf(world, process, who, proof), account)
  world.saw('choice by the app')
  world.accounts.set(who, account)
}

export async function disconnect(world: World, process: AppProcess, command: CommandOf<'disconnect'>): Promise<void> {
  const { who, proof, account } = command
  const happened = { kind: 'disconnected', subject: who, process: process.name } as const
  if (account === undefined) {
    const calledAt = world.scheduler.now / 1000
    await process.vault.forget({ issuer: ISSUER, ...principalOf(who) })
    world.saw('disconnect: all')
    world.tell({ ...happened, calledAt })
    return
  }
  const { identity, caller: by } = await actorOf(world, process, who, proof)
  const calledAt = world.scheduler.now / 1000
  const answer = await process.vault.accounts.disconnect(identity, { connection: CONNECTION, account })
  world.saw(`disconnect: ${answer.status}`)
  if (answer.status === 'disconnected') world.tell({ ...happened, account, by, calledAt })
}
