/** Lists the events that were left out, so that no reader takes the list for complete. */
export function Damaged({ positions }: { readonly positions: readonly number[] }) {
  if (positions.length === 0) return null
  return (
    <p className="notice" role="status">
      {positions.length === 1 ? 'One entry is' : `${positions.length} entries are`} damaged and left out (number{' '}
      {positions.slice(0, 5).join(', ')}
      {positions.length > 5 && ' …'}). Tell the operator of this app.
    </p>
  )
}
