/** Notice that the page is of another user than the signed-in one: it accepts no more input. */
export function LoginOver({
  user,
  conversation,
  login,
}: {
  readonly user: string | undefined
  readonly conversation: string
  readonly login: string
}) {
  const isVisitors = user === undefined
  return (
    <div className="card" role="alert">
      <h2>{isVisitors ? 'You are logged in now' : 'Your login has ended'}</h2>
      <p>
        {isVisitors
          ? 'This page was opened before the login. Nothing more is sent from it.'
          : 'Log in again, and this conversation goes on where it is.'}
      </p>
      <p className="actions">
        <a className="button main" href={isVisitors ? conversation : login}>
          {isVisitors ? 'Open the chat' : 'Log in'}
        </a>
      </p>
    </div>
  )
}
