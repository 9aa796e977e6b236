package federation

import (
	"crypto"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // unlike strictjson, it can read a set in which one key is malformed

	"cedula/shared/auth"
)

const maxKeyID = 128

var errNoSet = errors.New("the issuer's response is not a JWK set")

// secretParams are parameters that only private and symmetric keys have: an issuer that publishes one has lost the key
// (RFC 7518, section 6).
var secretParams = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// publicParams are the parameters of public keys. Others, such as certificates, are ignored.
var publicParams = []string{"kty", "crv", "x", "y", "n", "e"}

// keyInfo says what a key of a set is for (RFC 7517, section 4).
type keyInfo struct {
	KeyID      string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
}

// parseKeySet reads a JWK set. It omits every key that cannot verify tokens or not safely: of another kind, size or use,
// with a private part, or with an id that several keys of the set have (RFC 7517, section 5). The result may be empty.
func parseKeySet(text []byte) (map[string]crypto.PublicKey, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, errNoSet
	}
	keys := map[string]crypto.PublicKey{}
	count := map[string]int{}
	for _, raw := range *set.Keys {
		var info keyInfo
		if json.Unmarshal(raw, &info) != nil {
			continue
		}
		count[info.KeyID]++
		if key := publicKey(raw); key != nil && info.verifies(key) {
			keys[info.KeyID] = key
		}
	}
	for id, n := range count {
		if n > 1 {
			delete(keys, id)
		}
	}
	return keys, nil
}

// publicKey returns nil unless raw is a public key.
func publicKey(raw json.RawMessage) crypto.PublicKey {
	var params map[string]*json.RawMessage
	if json.Unmarshal(raw, &params) != nil {
		return nil
	}
	for name := range params {
		if slices.Contains(secretParams, name) {
			return nil
		}
		if !slices.Contains(publicParams, name) {
			delete(params, name)
		}
	}
	text, err := json.Marshal(params)
	if err != nil {
		return nil
	}
	var key jose.JSONWebKey
	if key.UnmarshalJSON(text) != nil {
		return nil
	}
	return key.Key
}

// verifies reports whether key is for verifying tokens under one of our algorithms.
func (i keyInfo) verifies(key crypto.PublicKey) bool {
	if i.KeyID == "" || len(i.KeyID) > maxKeyID {
		return false
	}
	if i.Use != "" && i.Use != "sig" {
		return false
	}
	if i.Operations != nil && !slices.Contains(i.Operations, "verify") {
		return false
	}
	return slices.ContainsFunc([]string{auth.ES256, auth.RS256}, func(alg string) bool {
		return (i.Algorithm == "" || i.Algorithm == alg) && auth.SignatureSize(alg, key) > 0
	})
}
