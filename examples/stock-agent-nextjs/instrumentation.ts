/** Before the first request: what is missing in the configuration, or another process on the data, ends the start. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { start } = await import('./src/start.ts')
  start()
}
