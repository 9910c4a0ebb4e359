import type { Entries } from '@behalf/testing/late-reads'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { ciba } from '../../../src/entrypoints/ciba.ts'
import { backchannel, question as cibaQuestion, defaultProfile } from '../ciba/backchannel.ts'
import { signingKey } from './signing-key.ts'

const phone = await backchannel(defaultProfile)
/** For each test file: modules may outlive one. */
export const { handlers } = phone

export const cibaEntries: Entries = {
  ciba: [
    async (watch) => {
      const signRequest = { privateKey: await signingKey(), algorithm: 'ES256', keyId: 'k' }
      const options = { acrValues: ['mfa'], requestedExpirySeconds: 60, ping: false, signRequest }
      const channel = watch.call(() => ciba(watch.given(options)))
      await channel.ask(cibaQuestion(phone.clock), phone.context)
      const request = phone.asked.at(-1)?.get('request') ?? ''
      return { ...decodeJwt(request), ...decodeProtectedHeader(request) }
    },
    { acr_values: 'mfa', kid: 'k' },
  ],
}
