import { ciba } from '../../../src/entrypoints/ciba.ts'
import { useMsw } from '../authorization-server/mock-issuer.ts'
import { backchannel, question as cibaQuestion, defaultProfile } from '../ciba/backchannel.ts'
import type { Entries } from './entries.ts'

const phone = await backchannel(defaultProfile)
useMsw(...phone.handlers)

export const cibaEntries: Entries = {
  ciba: [
    async (watch) => {
      const channel = watch.call(() =>
        ciba(watch.given({ acrValues: ['mfa'], requestedExpirySeconds: 60, ping: false })),
      )
      await channel.ask(cibaQuestion(phone.clock), phone.context)
      return phone.asked.at(-1)?.get('acr_values')
    },
    'mfa',
  ],
}
