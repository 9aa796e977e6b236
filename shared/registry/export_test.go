package registry

// SetMaxExamined lets a search examine no more than n, and returns what undoes it.
func SetMaxExamined(n int) (undo func()) {
	before := maxExamined
	maxExamined = n
	return func() { maxExamined = before }
}
