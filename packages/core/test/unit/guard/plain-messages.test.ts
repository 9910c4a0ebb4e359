import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

/** What becomes of a call whose person would read `message`. */
async function asking(message: string) {
  const { guard, call, questions } = smallWorld()
  const says = policy(schema, { approval: { message: () => message } })
  const outcome = await guard().run(says, call(), () => 'ran')
  return { outcome, detail: outcome.trace.steps.at(-1)?.detail, sent: questions.map((question) => question.message) }
}

test.each(['\n\n\nPay 5', `Pay 5${'\n'.repeat(1_900)}`, '\uFEFFPay 5\u3000'])(
  'blank characters around a message are not sent (%j)',
  async (message) => {
    expect((await asking(message)).sent).toEqual(['Pay 5'])
  },
)

describe(verifies('A8', 'a message that reads other than it means is not sent (A8)'), () => {
  test.each([
    ['a braille blank', 'Pay\u28005', 'U+2800'],
    ['a note without a head', 'Pay 5\u{1D159}0', 'U+1D159'],
    ['a blank hieroglyph', 'Pay to Bob\u{13441}Smith', 'U+13441'],
    ['half a blank hieroglyph', 'Pay to Bob\u{13442}', 'U+13442'],
    ['a Khitan filler on a letter', 'Pay to Bob\u{16FE4}', 'U+16FE4'],
    ['1,900 spaces', `Pay 5${' '.repeat(1_900)}0`, 'U+0020 ×1900'],
    ['an enclosing mark', 'Pay 5\u20E00', 'U+20E0'],
    ['a mark that crosses a digit out', 'Pay 5\u03380', 'U+0338'],
    ['a line break', 'Pay 5\nApproved', '⏎'],
    ['a direction override', 'Pay \u202E05', 'U+202E'],
    ['a joiner between letters that do not join', 'Pay\u200D5', 'U+200D'],
    ['a hidden tag', 'Pay 5\u{E0041}', 'U+E0041'],
    ['a right-to-left letter within an amount', 'Pay 1א000 EUR', 'right-to-left'],
    ['a right-to-left letter before an amount', 'Pay א 5 to Bob', 'right-to-left'],
    ['an Arabic question mark before an amount', 'Pay Bob 0.؟ 5000 EUR', 'right-to-left'],
    ['a Hebrew colon before an amount', 'Pay Bob 0.\u05C3 5000 EUR', 'right-to-left'],
    ['a currency sign that runs from right to left', 'Pay 0.\u060B5000', 'right-to-left'],
    ['a digit that runs from right to left', 'Pay Bob 0.\u07C1 5000 EUR', 'right-to-left'],
    ['mostly right-to-left words before an amount', 'Pay 0.א ב ג ד 5000 EUR', 'right-to-left'],
    ['a modifier letter, which has no direction, before an amount', 'Pay Bob 0.אˆ 5000 EUR', 'right-to-left'],
    ['a superscript amount', 'Pay Bob 0.א ⁵⁰⁰⁰ EUR', 'right-to-left'],
    ['an amount in digits with full stops', 'Pay Bob 0.א ⒌⒌', 'right-to-left'],
    ['digits of two right-to-left scripts', 'Pay ١߁ to Bob', 'right-to-left'],
    ['Arabic numbers beside each other', 'Pay ٥ ٠٠٠ now', 'right-to-left'],
  ])('%s', async (_, message, why) => {
    const { outcome, detail, sent } = await asking(message)
    expect(outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
    expect(detail).toContain(why)
    expect(sent).toEqual([])
  })

  test.each([
    'Pay 50 EUR to דוד כהן',
    'שלם 50 דולר לדוד',
    'קנה 5 AAPL',
    'می‌خواهم ۵ سهم بخرم',
    'Pay ۵۰ to Bob, 5 shares',
    'Buy 5 ❤️ 👩‍👩‍👧',
    'Pay  5, with two spaces',
    '買う：５０株',
  ])(verifies('A8', 'one in any language is sent as it was written: %s'), async (message) => {
    const { outcome, sent } = await asking(message)
    expect(outcome.status).toBe('interrupted')
    expect(sent).toEqual([message.normalize('NFC')])
  })
})
