package auth

import "crypto"

// CachedKeys is how many keys the Guard's cache holds.
func (g *Authenticator) CachedKeys() int {
	g.cache.mu.Lock()
	defer g.cache.mu.Unlock()
	return len(g.cache.entries)
}

var untypedPolicy = func(alg string) headerPolicy { return headerPolicy{algorithms: []string{alg}, types: []string{""}} }

// KeyIDOf is the key's id in a token of plain JOSE, without a type.
func KeyIDOf(token, alg string) (string, error) {
	c, err := parseJWS(token)
	if err != nil {
		return "", err
	}
	_, kid, err := untypedPolicy(alg).parseHeader(c)
	return kid, err
}

// VerifySignature verifies the signature alone, as Verify does.
func VerifySignature(token, alg string, key crypto.PublicKey) error {
	c, err := parseJWS(token)
	if err == nil {
		_, err = c.verify(alg, key)
	}
	return err
}
