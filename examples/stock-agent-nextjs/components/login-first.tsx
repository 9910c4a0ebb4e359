/** Asks the visitor of a user's page to log in. */
export function LoginFirst({ title, returnTo }: { readonly title: string; readonly returnTo: string }) {
  return (
    <main>
      <h1>{title}</h1>
      <div className="card">
        <p>This page shows what is yours, so it needs to know who you are.</p>
        <p className="actions">
          <a className="button main" href={`/login?returnTo=${encodeURIComponent(returnTo)}`}>
            Log in
          </a>
        </p>
      </div>
    </main>
  )
}
