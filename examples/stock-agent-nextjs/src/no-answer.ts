/** What a stream says in place of what went wrong with the model, which is for the log alone. */
export const noAnswer = 'The model did not answer.'
