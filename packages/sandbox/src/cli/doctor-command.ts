import { parseArgs } from 'node:util'
import { displayText } from '@behalf/core/interrupts'
import { TestingError } from '@behalf/testing'
import { type DoctorNeed, type DoctorReport, type Finding, NEEDS, runDoctor } from '../doctor/index.ts'
import { UsageError } from './usage-error.ts'

export const DOCTOR_USAGE = `doctor --issuer URL [--client-id ID] [--redirect-uri URI] [--scope "openid …"] [--audience API]
         [--target resource|audience] [--need ${NEEDS.join(',')}] [--json]
         The secret is read from BEHALF_CLIENT_SECRET. Exit code 1: a problem was found; 2: this command line is wrong.`

/** @returns the exit code */
export async function doctorCommand(args: readonly string[], write: (text: string) => void): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      issuer: { type: 'string' },
      'client-id': { type: 'string' },
      'redirect-uri': { type: 'string' },
      scope: { type: 'string' },
      audience: { type: 'string' },
      target: { type: 'string' },
      need: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  const { issuer, scope, audience, target, need, json = false } = values
  if (issuer === undefined) throw new UsageError('doctor: give --issuer')
  if (target !== undefined && target !== 'resource' && target !== 'audience') {
    throw new UsageError('doctor: --target: give resource or audience')
  }
  const clientId = values['client-id']
  const redirectUri = values['redirect-uri']
  const clientSecret = process.env.BEHALF_CLIENT_SECRET
  const report = await runDoctor({
    issuer,
    ...(clientId !== undefined && { clientId }),
    ...(clientId !== undefined && clientSecret && { clientSecret }),
    ...(redirectUri !== undefined && { redirectUri }),
    ...(scope !== undefined && { scopes: scope.split(/\s+/).filter(Boolean) }),
    ...(audience !== undefined && { audience }),
    ...(target !== undefined && { target }),
    ...(need !== undefined && { needs: need.split(',').filter(Boolean) as DoctorNeed[] }),
  }).catch((error: unknown) => {
    throw error instanceof TestingError ? new UsageError(error.message) : error
  })
  write(json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report))
  return report.healthy ? 0 : 1
}

const MARKS = { ok: '✓', problem: '✗', warning: '!', unknown: '-' } as const

function textOf({ issuer, findings, healthy }: DoctorReport): string {
  const problems = findings.filter(({ status }) => status === 'problem').length
  const end = healthy
    ? 'No problem was found.'
    : `${problems} ${problems === 1 ? 'problem was' : 'problems were'} found.`
  return `${issuer}\n${findings.map(lines).join('')}${end}\n`
}

function lines({ id, status, message, fix }: Finding): string {
  const first = `  ${MARKS[status]} ${id.padEnd(26)} ${displayText(message)}\n`
  return fix === undefined || status === 'ok' ? first : `${first}    ${' '.repeat(26)} ${displayText(fix)}\n`
}
