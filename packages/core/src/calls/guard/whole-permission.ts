import { permissionsAsked } from './call-rule.ts'
import type { AnyCall, AnyRules } from './policy-definition.ts'

/**
 * Combines `visibleWhen` and `permission`: a call needs both.
 *
 * So the guard also refuses a hidden tool if a model calls it.
 */
export function wholePermission({ permission, visibleWhen }: AnyRules): AnyRules['permission'] {
  if (visibleWhen === undefined) return permission
  return ({ input, identity }: AnyCall) => {
    const always = permissionsAsked('visibleWhen', visibleWhen, { identity })
    if (permission === undefined) return always
    const own = permissionsAsked('permission', permission, { input, identity })
    // A rule that requires nothing would allow everything; the other rule does not replace it.
    return always.length === 0 || own.length === 0 ? [] : [...always, ...own]
  }
}
