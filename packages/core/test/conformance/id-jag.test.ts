import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { InvalidResponseError } from '../../src/base/errors/index.ts'
import { revealToken, Token } from '../../src/credential/index.ts'
import { idJag } from '../../src/guard/tools/id-jag.ts'
import { resource } from '../../src/guard/tools/resource.ts'
import { subjectTokenOf } from '../../src/identity/subject-token.ts'
import { admit, fieldsOf } from '../../src/identity/verified.ts'
import { generateDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { API, AS, EMPLOYER, employee, ID_JAG, ID_TOKEN, twoIssuers } from '../unit/token-exchange/two-issuers.ts'

const world = await twoIssuers()
const { says, forms } = world
const asked = () => forms.employer.at(-1) as URLSearchParams
const redeemed = () => forms.server.at(-1) as URLSearchParams
const refused = async (work: Promise<unknown>) => {
  await expect(work).rejects.toThrow(InvalidResponseError)
  expect(forms.server).toEqual([])
}

describe('ID-JAG: asking the employer', () => {
  verifies('ID-JAG-request-type', 'by its URI', async () => {
    await world.assertion()
    expect(asked().getAll('grant_type')).toEqual(['urn:ietf:params:oauth:grant-type:token-exchange'])
    expect(asked().getAll('requested_token_type')).toEqual([ID_JAG])
  })

  verifies('ID-JAG-request-audience', 'the issuer, and not the API', async () => {
    await world.assertion()
    expect(asked().getAll('audience')).toEqual([AS])
  })

  verifies('ID-JAG-request-subject', 'the id_token', async () => {
    await world.assertion()
    expect(asked().getAll('subject_token')).toEqual([ID_TOKEN])
    expect(asked().getAll('subject_token_type')).toEqual(['urn:ietf:params:oauth:token-type:id_token'])
  })

  verifies('ID-JAG-request-subject', 'the one beside an access token', async () => {
    const identity = admit(fieldsOf(employee), {
      token: new Token('an-access-token'),
      type: 'access_token',
      idToken: new Token('its-id-token'),
    })
    await world.assertion({ identity })
    expect(asked().getAll('subject_token')).toEqual(['its-id-token'])
  })

  verifies('ID-JAG-request-subject', 'sends no request without one, or for an unverified user', async () => {
    const accessOnly = admit(fieldsOf(employee), { token: new Token('t'), type: 'access_token' })
    const stranger = admit({ ...fieldsOf(employee), issuer: AS }, subjectTokenOf(employee))
    for (const identity of [accessOnly, fieldsOf(employee), admit(fieldsOf(employee)), stranger]) {
      await expect(world.assertion({ identity })).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    }
    expect(forms.employer).toEqual([])
  })

  verifies('ID-JAG-request-resource', 'both are sent, and none is left out', async () => {
    await world.assertion({ scopes: ['portfolio:read', 'trade:write'] })
    expect(asked().getAll('resource')).toEqual([API])
    expect(asked().getAll('scope')).toEqual(['portfolio:read trade:write'])
    await expect(world.assertion({ scopes: [] })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await expect(world.assertion({ resource: '' })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(forms.employer).toHaveLength(1)
  })
})

describe('ID-JAG: what the employer asserts', () => {
  verifies('ID-JAG-response-type', 'as asked', async () => {
    const made = await world.assertion()
    expect(made).toMatchObject({ audience: AS, resource: API, scopes: ['portfolio:read'] })
    expect(JSON.stringify(made)).not.toContain('eyJ')
  })

  for (const answer of [
    { issued_token_type: undefined },
    { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    { issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
    { token_type: 'Bearer' },
  ]) {
    verifies('ID-JAG-response-type', JSON.stringify(answer), async () => {
      says.assertionAnswer = answer
      await refused(world.assertion())
    })
  }

  for (const typ of ['JWT', 'at+jwt', undefined]) {
    verifies('ID-JAG-typ', `${typ} is not accepted`, async () => {
      says.assertionHeader = { typ }
      await refused(world.assertion())
    })
  }

  for (const claim of ['sub', 'client_id', 'jti', 'exp', 'iat', 'aud']) {
    verifies('ID-JAG-claims', `${claim} is missing`, async () => {
      says.assertion = { [claim]: undefined }
      await refused(world.assertion())
    })
  }

  verifies('ID-JAG-claims', 'another issuer', async () => {
    says.assertion = { iss: AS }
    await refused(world.assertion())
  })

  for (const aud of [API, EMPLOYER, [AS, API], [AS, AS], []]) {
    verifies('ID-JAG-aud', `${JSON.stringify(aud)} is another`, async () => {
      says.assertion = { aud }
      await refused(world.assertion())
    })
  }

  verifies('ID-JAG-aud', 'a list of the one is the one', async () => {
    says.assertion = { aud: [AS] }
    await expect(world.assertion()).resolves.toMatchObject({ audience: AS })
  })

  verifies('ID-JAG-client_id', 'the one at the employer is another', async () => {
    says.assertion = { client_id: 'agent-at-employer' }
    await refused(world.assertion())
  })

  for (const claims of [
    { scope: 'portfolio:read trade:write' },
    { resource: 'https://other.example/' },
    { resource: [API, 'https://other.example/'] },
    { resource: 7 },
  ]) {
    verifies('ID-JAG-scope', JSON.stringify(claims), async () => {
      says.assertion = claims
      await refused(world.assertion())
    })
  }

  verifies('ID-JAG-scope', 'more in the answer beside an assertion that names none', async () => {
    says.assertion = { scope: undefined }
    says.assertionAnswer = { scope: 'portfolio:read trade:write' }
    await refused(world.assertion())
  })

  verifies('ID-JAG-scope', 'fewer are fewer, for the redemption too', async () => {
    says.assertion = { scope: 'portfolio:read' }
    const made = await world.assertion({ scopes: ['portfolio:read', 'trade:write'] })
    expect(made.scopes).toEqual(['portfolio:read'])
    await world.redeem(made)
    expect(redeemed().get('scope')).toBe('portfolio:read')
  })

  verifies('ID-JAG-cnf', 'a binding that is left out is refused', async () => {
    await refused(world.assertion({}, await generateDpopKey()))
  })

  verifies('ID-JAG-cnf', 'so is one to another key, or to one that we do not have', async () => {
    const [ours, another] = [await generateDpopKey(), await generateDpopKey()]
    says.assertion = { cnf: { jkt: another.thumbprint } }
    await refused(world.assertion({}, ours))
    await refused(world.assertion())
    says.assertion = { cnf: { jkt: ours.thumbprint } }
    await expect(world.assertion({}, ours)).resolves.toMatchObject({ audience: AS })
  })

  verifies('ID-JAG-step-up', 'is told with what is wanted', async () => {
    world.refuses('employer', { error: 'insufficient_user_authentication', acr_values: 'phr phrh', max_age: 5 })
    await expect(world.assertion()).rejects.toMatchObject({
      error: 'insufficient_user_authentication',
      acrValues: ['phr', 'phrh'],
      maxAge: 5,
    })
  })
})

describe('ID-JAG: redeeming it', () => {
  verifies('ID-JAG-redeem-grant', 'the JWT as it came', async () => {
    const made = await world.assertion()
    const token = await world.redeem(made)
    expect(redeemed().getAll('grant_type')).toEqual(['urn:ietf:params:oauth:grant-type:jwt-bearer'])
    expect(redeemed().getAll('assertion')).toEqual([revealToken(made.assertion)])
    expect(token).toMatchObject({ scopes: ['portfolio:read'], subject: 'ann', actor: { subject: 'agent:trader' } })
  })

  verifies('ID-JAG-redeem-client', 'with the client’s own proof', async () => {
    await world.redeem(await world.assertion())
    expect(world.headers.at(-1)?.get('authorization')).toBe(`Basic ${btoa('agent-at-trade:secret-at-trade')}`)
    expect(() => idJag({ authorizationServer: oidc({ issuer: AS, clientId: 'public' }) })).toThrow(/public client/)
    expect(() => idJag({ authorizationServer: { issuer: 7 } as never })).toThrow(/authorizationServer/)
    expect(() => idJag({ authorizationServer: world.profileThere(), audience: API } as never)).toThrow(/audience/)
    const forged = { kind: 'id-jag', issuer: AS } as const
    expect(() => resource(API, { scopes: ['portfolio:read'], through: forged })).toThrow(/through/)
  })

  verifies('ID-JAG-redeem-where', 'another server gets nothing', async () => {
    const made = await world.assertion()
    await expect(world.redeem({ ...made, audience: EMPLOYER })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(forms.server).toEqual([])
  })

  verifies('ID-JAG-redeem-own', 'is not even asked for', async () => {
    const own = oidc({ issuer: EMPLOYER, clientId: 'agent-at-employer', clientSecret: 's' })
    await expect(world.assertion({ authorizationServer: own })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(forms.employer).toEqual([])
  })

  verifies('ID-JAG-redeem-refresh', 'one that comes is dropped', async () => {
    says.answer = { refresh_token: 'a-refresh-token' }
    const token = await world.redeem(await world.assertion())
    expect(Object.values(token)).not.toContain('a-refresh-token')
    expect(Object.keys(token).sort()).toEqual(['actor', 'expiresAt', 'scopes', 'subject', 'token'])
  })

  verifies('ID-JAG-redeem-bound', 'with its proof, for a bound token', async () => {
    const key = await generateDpopKey()
    says.assertion = { cnf: { jkt: key.thumbprint } }
    const made = await world.assertion({}, key)
    says.token = { cnf: { jkt: key.thumbprint } }
    says.answer = { token_type: 'DPoP' }
    await expect(world.redeem(made, key)).resolves.toMatchObject({ dpop: { thumbprint: key.thumbprint } })
    expect(world.headers.at(-1)?.get('dpop')).toMatch(/^eyJ/)
    says.answer = {}
    await expect(world.redeem(made, key)).rejects.toThrow(InvalidResponseError)
    says.answer = { token_type: 'DPoP' }
    says.token = {}
    await expect(world.redeem(made, key)).rejects.toThrow(InvalidResponseError)
    // Of an opaque token the answer alone says what it is bound to.
    says.answer = { access_token: 'opaque' }
    await expect(world.redeem(made, key)).rejects.toThrow('another binding than requested')
    says.answer = { access_token: 'opaque', token_type: 'DPoP' }
    says.assertion = {}
    await expect(world.redeem(await world.assertion())).rejects.toThrow('bound to a key')
  })

  for (const [what, token, answer] of [
    ['another API', { aud: 'https://other.example/' }, {}],
    ['other APIs too', { aud: [API, 'https://other.example/'] }, {}],
    ['another client', { client_id: 'other-client' }, {}],
    ['more scopes', { scope: 'portfolio:read trade:write' }, {}],
    ['more scopes, as the answer says', {}, { scope: 'portfolio:read trade:write' }],
    ['no access token', {}, { token_type: 'N_A' }],
    ['a token of another issuer', { iss: EMPLOYER }, {}],
    ['an expired one', { exp: 1 }, {}],
    ['one that is bound to a key we do not have', { cnf: { jkt: 'x' } }, {}],
  ] as const) {
    verifies('ID-JAG-scope', `a token for ${what} is dropped`, async () => {
      const made = await world.assertion()
      says.token = token
      says.answer = answer
      await expect(world.redeem(made)).rejects.toThrow(InvalidResponseError)
    })
  }

  verifies(
    'ID-JAG-redeem-grant',
    'an assertion that comes back is no token; an opaque token is as the answer says',
    async () => {
      const made = await world.assertion()
      says.answer = { access_token: revealToken(made.assertion) }
      await expect(world.redeem(made)).rejects.toThrow(InvalidResponseError)
      says.answer = { access_token: 'opaque-token' }
      await expect(world.redeem(made)).resolves.toMatchObject({ scopes: ['portfolio:read'] })
    },
  )
})
