/** Runs before the first request. An incomplete configuration, or another process on the data, stops the start. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { start } = await import('./src/start.ts')
  start()
}
