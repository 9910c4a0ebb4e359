import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChatMaker } from './chat.ts'
import { claudeChats } from './claude-agent.ts'
import { openAiChats } from './openai-agents.ts'
import { openWorld } from './world.ts'

/** Runs the demo on one framework. */
async function tell(framework: string, chatOf: ChatMaker): Promise<void> {
  const { app, signIn, approve } = await openWorld(chatOf)
  try {
    const ann = await signIn('ann', 'thread-1')
    const show = (what: string, { said, waits }: ReturnType<typeof ann.shown>) =>
      console.log(`  ${what.padEnd(52)} ${waits.length > 0 ? `waits: ${waits.join(', ')}` : said}`)
    console.log(`\nAG-UI on ${framework}`)
    show('Ann: buy 50 AAPL', await ann.ask('buy 50 AAPL'))
    show('the client says yes, and Ann has not answered', await ann.answer('resolved', { approved: true }))
    await approve()
    show('Ann said yes on her phone, and the client wakes it up', await ann.answer('resolved'))
  } finally {
    app.close()
  }
}

await tell('OpenAI Agents', openAiChats())
const home = mkdtempSync(join(tmpdir(), 'behalf-ag-ui-'))
try {
  await tell('the Claude Agent SDK', claudeChats(home))
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
}
