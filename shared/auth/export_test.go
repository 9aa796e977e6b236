package auth

import "crypto"

// KeyIDOf is the key's id in a token of plain JOSE, without a type.
func KeyIDOf(token, alg string) (string, error) {
	c, err := parseJWS(token)
	if err != nil {
		return "", err
	}
	_, kid, err := TrustedIssuer{Algorithms: []string{alg}, TokenTypes: []string{""}}.parseHeader(c)
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
