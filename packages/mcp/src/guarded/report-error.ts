import type { GuardedTool } from './mcp-tool.ts'

/**
 * Hands the original to the app. What its function throws must not put its text where the fixed one belongs, and a promise
 * that it rejects must not end the process.
 */
export function reportError({ name, rules }: Pick<GuardedTool, 'name' | 'rules'>, error: unknown): void {
  void (async () => rules.onError?.(error, name))().catch(() => {})
}
