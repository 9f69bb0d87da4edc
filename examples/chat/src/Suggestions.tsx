const questions = ['Create the monthly sales report', 'How did the North do?', 'Compare the North and the South']

export function Suggestions({ onPick }: { onPick: (question: string) => void }) {
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
