import type { AuthorizationModel, ParameterType } from '../../src/index.ts'

const error = 'validation_error'

/** What a value of a context becomes, seen through an expression: yes, no, or a refusal. OpenFGA says the same. */
export const coercions: readonly (readonly [type: string, expression: string, value: unknown, answer: unknown])[] = [
  ['int', 'v == 5', 5, true],
  ['int', 'v == 5', '5', true],
  ['int', 'v == 5', '5.0', true],
  ['int', 'v == 500', '5e2', true],
  ['int', 'v == 5', 5.5, error],
  ['int', 'v == 5', 'five', error],
  ['int', 'v == 5', true, error],
  ['int', 'v == 5', null, error],
  ['int', 'v == 9223372036854775807', '9223372036854775807', true],
  ['int', 'v == 9223372036854775807', '1e30', true],
  ['int', 'v < 0', '-3', true],
  ['uint', 'v == 5u', 5, true],
  ['uint', 'v == 5u', '5', true],
  ['uint', 'v == 5u', -5, error],
  ['double', 'v == 0.1', 0.1, true],
  ['double', 'v == 0.5', '0.5', true],
  ['double', 'v == 0.1', '0.1', error],
  ['double', 'v > 1.0', '1e400', error],
  ['double', 'v > 1.0', 'Inf', true],
  ['double', 'v > 1.0', 'NaN', error],
  ['double', 'v > 1.0', '', error],
  ['bool', 'v', true, true],
  ['bool', 'v', false, false],
  ['bool', 'v', 'true', error],
  ['string', 'v == "a"', 'a', true],
  ['string', 'v == "a"', 1, error],
  ['duration', 'v > duration("1h")', '1h30m', true],
  ['duration', 'v > duration("1h")', '59m59.9s', false],
  ['duration', 'v < duration("0s")', '-1.5ms', true],
  ['duration', 'v == duration("0s")', '0', true],
  ['duration', 'v > duration("1h")', '2', error],
  ['duration', 'v > duration("1h")', '2 h', error],
  ['duration', 'v > duration("1h")', 3600, error],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2025-12-31T23:59:59.999Z', true],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2026-01-01T00:59:59+01:00', true],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2026-01-01T00:00:00Z', false],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2025-02-29T00:00:00Z', error],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2025-02-28', error],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', '2025-02-28T00:00:00', error],
  ['timestamp', 'v < timestamp("2026-01-01T00:00:00Z")', 1735689600, error],
  ['list<string>', '"a" in v', ['a', 'b'], true],
  ['list<string>', '"a" in v', [], false],
  ['list<string>', '"a" in v', ['a', 1], error],
  ['list<string>', '"a" in v', 'a', error],
  ['list<int>', '3 in v', ['3'], true],
  ['map<string>', 'v["k"] == "a"', { k: 'a' }, true],
  ['map<string>', 'v.k == "a"', { k: 'b' }, false],
  ['map<string>', 'v.k == "a"', {}, error],
  ['map<string>', 'v.k == "a"', ['k'], error],
  ['map<int>', 'v.k == 1', { k: 'x' }, error],
  ['any', 'v == 1.0', 1, true],
  ['any', 'v.k == "a"', { k: 'a' }, true],
  ['ipaddress', 'v.in_cidr("192.168.0.0/16")', '192.168.7.1', true],
  ['ipaddress', 'v.in_cidr("192.168.0.0/16")', '10.0.0.1', false],
  ['ipaddress', 'v.in_cidr("192.168.0.0/16")', '::ffff:192.168.7.1', true],
  ['ipaddress', 'v.in_cidr("2001:db8::/32")', '2001:db8::1', true],
  ['ipaddress', 'v.in_cidr("2001:db8::/32")', '192.168.7.1', false],
  ['ipaddress', 'v == ipaddress("::1")', '0:0:0:0:0:0:0:1', true],
  ['ipaddress', 'v.in_cidr("192.168.0.0/33")', '192.168.7.1', error],
  ['ipaddress', 'v.in_cidr("192.168.0.0/16")', '192.168.7', error],
  ['ipaddress', 'v.in_cidr("192.168.0.0/16")', '192.168.07.1', error],
]

/** A document that `user:ann` may view where the expression holds for the parameters. */
export const conditionModel = (
  parameters: Readonly<Record<string, string>>,
  expression: string,
): AuthorizationModel => ({
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: { directly_related_user_types: [{ type: 'user', condition: 'rule' }] } } },
    },
  ],
  conditions: {
    rule: {
      name: 'rule',
      expression,
      parameters: Object.fromEntries(Object.entries(parameters).map(([name, type]) => [name, typeOf(type)])),
    },
  },
})

/** `int`, `list<string>` */
function typeOf(text: string): ParameterType {
  const [name = '', item] = text.replace('>', '').split('<')
  return {
    type_name: `TYPE_NAME_${name.toUpperCase()}`,
    ...(item !== undefined && { generic_types: [typeOf(item)] }),
  }
}
