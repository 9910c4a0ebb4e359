import { type ProtocolTarget, TestingError } from '@behalf/testing'
import * as z from 'zod/mini'
import { boundedJson, isFromProgram } from '../http/request-origin.ts'
import type { SetFault } from './faults.ts'
import type { SandboxSettings } from './settings.ts'

const Question = z.union([z.string(), z.strictObject({ user: z.string() })])

const Command = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('settings') }),
  z.strictObject({ command: z.literal('fault'), name: z.string(), question: z.optional(Question) }),
  z.strictObject({ command: z.literal('sign-in'), subject: z.optional(z.string()) }),
])

const MAX_BODY = 4096

export interface ControlOptions {
  readonly key: string
  readonly settings: SandboxSettings
  readonly target: ProtocolTarget
  readonly fault: SetFault
}

/**
 * Handles commands of another process of the same person on this machine: `POST /control` with the key of the control
 * file.
 */
export async function answerControl(request: Request, options: ControlOptions): Promise<Response> {
  if (!isFromProgram(request, options.key)) return Response.json({ error: 'not allowed' }, { status: 403 })
  const parsed = Command.safeParse(await boundedJson(request, MAX_BODY))
  if (!parsed.success) return Response.json({ error: 'no such command' }, { status: 400 })
  try {
    return Response.json(await run(parsed.data, options))
  } catch (error) {
    if (error instanceof TestingError) return Response.json({ error: error.message }, { status: 400 })
    throw error
  }
}

async function run(command: z.infer<typeof Command>, { settings, target, fault }: ControlOptions): Promise<unknown> {
  switch (command.command) {
    case 'settings':
      return settings
    case 'fault':
      return { effect: await fault(command.name, command.question) }
    case 'sign-in':
      await target.authorizationServer.controls.signInAs(command.subject)
      return {}
    default:
      return command satisfies never
  }
}
