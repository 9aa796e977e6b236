package auth

import "crypto"

// Remembered is how many keys the Guard's cache holds.
func (g *Guard) Remembered() int {
	g.cache.mu.Lock()
	defer g.cache.mu.Unlock()
	return len(g.cache.entries)
}

var plain = func(alg string) form { return form{algorithms: []string{alg}, types: []string{""}} }

// KeyIDOf is the key's id in a token of plain JOSE, without a type.
func KeyIDOf(token, alg string) (string, error) {
	c, err := cut(token)
	if err != nil {
		return "", err
	}
	_, kid, err := plain(alg).check(c)
	return kid, err
}

// Open verifies the signature alone, as Verify does.
func Open(token, alg string, key crypto.PublicKey) error {
	c, err := cut(token)
	if err == nil {
		_, err = c.open(alg, key)
	}
	return err
}
