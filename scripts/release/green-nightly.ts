/** Repository whose runs of the workflow are read. */
export interface Repository {
  /** Address of the API, such as `https://api.github.com`. */
  readonly api: string
  /** `owner/name`. */
  readonly name: string
  readonly token: string | undefined
}

/**
 * Refuses a commit that the workflow `nightly` has not passed: no daily run includes fuzzing, mutation and the suites
 * against real servers.
 *
 * @returns the address of the green run
 * @throws Error No run was green, or GitHub did not answer.
 */
export async function requireGreenNightly(
  commit: string,
  { api, name, token }: Repository,
  send: typeof fetch = fetch,
): Promise<string> {
  const url = `${api}/repos/${name}/actions/workflows/nightly.yml/runs?head_sha=${commit}&per_page=100`
  const headers = {
    accept: 'application/vnd.github+json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const response = await send(url, { headers, signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: the nightly run of ${commit} is not known`)
  const { workflow_runs: runs } = (await response.json()) as {
    readonly workflow_runs: readonly {
      readonly head_sha: string
      readonly status: string
      readonly conclusion: string | null
      readonly html_url: string
    }[]
  }
  const own = runs.filter(({ head_sha }) => head_sha === commit)
  const green = own.find(({ status, conclusion }) => status === 'completed' && conclusion === 'success')
  if (green !== undefined) return green.html_url
  const found = own.map(({ status, conclusion, html_url }) => `${html_url} is ${conclusion ?? status}`)
  throw new Error(
    `nothing is published: commit ${commit} has no green run of the workflow nightly (${found.join(', ') || 'it has no run'}). ` +
      'Start one with `gh workflow run nightly.yml`, and run this workflow again when it is green.',
  )
}
