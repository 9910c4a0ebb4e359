interface Started {
  readonly url: string
  stop(): Promise<unknown>
}

/** Starts a server on the port of the command line, prints its address, and stops it with Ctrl-C. */
export async function serve(
  name: string,
  start: (port: number) => Promise<Started | string>,
  defaultPort: number,
): Promise<void> {
  const started = await start(Number(process.argv[2] ?? defaultPort))
  if (typeof started === 'string') {
    console.log(`not run: ${started}`)
    process.exitCode = 1
    return
  }
  console.log(`${name} answers at ${started.url}; Ctrl-C stops it`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void started.stop())
}
