package registry

// SetMaxExamined lets a search examine no more than n, and returns what undoes it.
func SetMaxExamined(n int) (undo func()) {
	before := maxExaminedBySearch
	maxExaminedBySearch = n
	return func() { maxExaminedBySearch = before }
}
