import { TestingError } from '@behalf/testing'
import { acrOf, epochSeconds, words } from '@behalf/testing/authorization-server'
import type { DeviceCode } from 'oidc-provider'
import { grantOf } from '../grants/grant-of.ts'
import type { ServerContext } from '../server-context.ts'

/** Approves a device login, as if this user had entered the code in a browser. */
export async function approveDevice(context: ServerContext, userCode: string, subject: string): Promise<void> {
  const device = await waitingDevice(context, userCode)
  const { params = {} } = device
  const scopes = words(params.scope)
  const resources = [(params.resource as string | string[] | undefined) ?? []].flat()
  const grant = await grantOf(context, { clientId: device.clientId as string, subject, scopes, resources })
  Object.assign(device, {
    accountId: subject,
    acr: acrOf(context, subject),
    authTime: epochSeconds(),
    grantId: grant.jti,
    scope: scopes.join(' '),
    sid: crypto.randomUUID(),
    ...(resources.length > 0 && { resource: resources.length === 1 ? resources[0] : resources }),
  })
  await device.save()
}

/** Denies a device login, as if a user had entered the code in a browser. */
export async function denyDevice(context: ServerContext, userCode: string): Promise<void> {
  const device = await waitingDevice(context, userCode)
  Object.assign(device, { error: 'access_denied', errorDescription: 'the person said no' })
  await device.save()
}

async function waitingDevice({ provider }: ServerContext, userCode: string): Promise<DeviceCode> {
  const device = await provider.DeviceCode.findByUserCode(userCode.replaceAll(/\W/g, '').toUpperCase())
  if (device === undefined || device.error !== undefined || device.accountId !== undefined) {
    throw new TestingError('no device waits with this code')
  }
  return device
}
