import { expectTypeOf, test } from 'vitest'
import type { DisplayField } from '../../src/base/display/display-text.ts'
import type {
  AdmittedCall,
  ApprovedCall,
  IdentifiedCall,
  IncomingCall,
  ParsedCall,
  PermittedCall,
} from '../../src/guard/call/call.ts'
import type { obtainCredentials } from '../../src/guard/credentials/obtain-credentials.ts'
import type { resourceToken } from '../../src/guard/credentials/resource-token.ts'
import type { approve } from '../../src/guard/steps/approve.ts'
import type { claim } from '../../src/guard/steps/claim.ts'
import type { execute } from '../../src/guard/steps/execute.ts'
import type { grant } from '../../src/guard/steps/grant-and-permit.ts'
import type { GrantableScopes } from '../../src/guard/steps/grantable-scopes.ts'
import type { VerifiedIdentity } from '../../src/identity/verified.ts'
import type { UserIdentity } from '../../src/index.ts'

test('a step takes only the call that the step before it returns', () => {
  expectTypeOf<ParsedCall>().not.toExtend<Parameters<typeof grant>[0]>()
  expectTypeOf<IdentifiedCall>().not.toExtend<Parameters<typeof approve>[0]>()
  expectTypeOf<IdentifiedCall>().not.toExtend<Parameters<typeof obtainCredentials>[0]>()
  expectTypeOf<IdentifiedCall>().not.toExtend<Parameters<typeof resourceToken>[0]>()
  expectTypeOf<IdentifiedCall>().not.toExtend<Parameters<typeof claim>[0]>()
  expectTypeOf<ApprovedCall>().not.toExtend<Parameters<typeof execute>[0]>()
  expectTypeOf<PermittedCall>().not.toExtend<Parameters<typeof obtainCredentials>[0]>()
  expectTypeOf<ApprovedCall & Pick<AdmittedCall, 'access'>>().not.toExtend<Parameters<typeof execute>[0]>()
  expectTypeOf<IncomingCall>().not.toExtend<ParsedCall>()
  expectTypeOf<AdmittedCall>().toExtend<Parameters<typeof execute>[0]>()
  expectTypeOf<ApprovedCall>().toExtend<Parameters<typeof obtainCredentials>[0]>()
})

test('no code but the check makes a fact', () => {
  expectTypeOf<UserIdentity>().not.toExtend<VerifiedIdentity>()
  expectTypeOf<{ readonly approvalCase: 'always' }>().not.toExtend<GrantableScopes>()
  expectTypeOf<string>().not.toExtend<DisplayField['value']>()
})

test('a run that has to be asked about is not claimed', () => {
  type Entitled = Parameters<typeof claim>[1]['entitled']
  expectTypeOf<{ readonly kind: 'ask'; readonly why: string }>().not.toExtend<Entitled>()
  expectTypeOf<{ readonly kind: 'open' }>().not.toExtend<Entitled>()
  // A run that needs no approval is told so by the check as well.
  expectTypeOf<{ readonly kind: 'not_required' }>().not.toExtend<Entitled>()
})
