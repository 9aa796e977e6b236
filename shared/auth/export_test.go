package auth

// Remembered is how many keys the Guard's cache holds.
func (g *Guard) Remembered() int {
	g.cache.mu.Lock()
	defer g.cache.mu.Unlock()
	return len(g.cache.entries)
}
