import { endOf, fieldOf } from '../outcomes.ts'
import type { Part } from '../stage.ts'

export const identityLevel: Part = {
  title: 'Level 2: identity',
  lead: 'The user logs in by authorization code and PKCE. Who they are comes from verified tokens.',
  async run(stage) {
    const { checks, printer, world } = stage
    const { ann } = world.target.users
    const actor = await stage.signIn(ann)
    const { identity, user } = actor.session
    printer.field('login', `${String(user.claims.name)}: access token and id_token verified, both for ${user.subject}`)
    printer.field('', `issuer ${identity.issuer}, client ${identity.clientId}, for ${String(identity.claims.aud)}`)
    const turn = await stage.converse(actor, 'level-2').say('Who am I?')
    checks.equal('the agent answers', endOf(turn), 'done')
    checks.equal('the answer has the subject of the token', fieldOf(turn, 'subject'), ann.subject)
    checks.equal(
      'the answer has the issuer of the token',
      fieldOf(turn, 'issuer'),
      world.target.authorizationServer.issuer,
    )
    const session = { ...actor.session, identity: { ...identity } }
    const forged = await stage.converse({ ...actor, session, isForged: true }, 'level-2').say('Who am I?')
    checks.equal('a copy of the identity is refused', endOf(forged), 'identity_not_verified')
    checks.equal('the audit does not name a user for the copy', world.audit.at(-1)?.principal, undefined)
  },
}
