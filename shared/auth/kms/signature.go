package kms

import (
	"encoding/asn1"
	"errors"
	"math/big"
)

const coordinateBytes = 32 // bytes of r and of s on P-256

// derToFixedWidth converts the DER of RFC 3279, section 2.2.3, which KMS returns, to the fixed width of RFC 7518, section
// 3.4.
func derToFixedWidth(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || !validInteger(sig.R) || !validInteger(sig.S) {
		return nil, errors.New("kms: sign: unreadable signature")
	}
	out := make([]byte, 2*coordinateBytes)
	sig.R.FillBytes(out[:coordinateBytes])
	sig.S.FillBytes(out[coordinateBytes:])
	return out, nil
}

func validInteger(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 8*coordinateBytes }
