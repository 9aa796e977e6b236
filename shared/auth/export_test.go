package auth

import "crypto"

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
