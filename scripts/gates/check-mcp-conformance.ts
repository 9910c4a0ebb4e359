import type { Verdict } from './gate.ts'
import { runTool } from './run-tool.ts'

/** Runs the MCP project's own conformance suite against our client and our server. */
export async function checkMcpConformance(): Promise<Verdict> {
  const { code, output } = await runTool(process.execPath, ['packages/mcp/test/conformance/run.ts'])
  const note = output.trim().split('\n').slice(-2).join(': ')
  return { ok: code === 0, output, note }
}
