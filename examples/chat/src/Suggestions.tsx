interface SuggestionsProps {
  questions: readonly string[]
  onPick(question: string): void
}

export function Suggestions({ questions, onPick }: SuggestionsProps) {
  return (
    <ul className="suggestions" aria-label="Questions to begin with">
      {questions.map((question) => (
        <li key={question}>
          <button type="button" onClick={() => onPick(question)}>
            {question}
          </button>
        </li>
      ))}
    </ul>
  )
}
