package jwks

import "math/big"

// rocaPrimes are those by which a modulus of Infineon's faulty library shows
// itself (CVE-2017-15361; Nemec et al., "The Return of Coppersmith's Attack",
// 2017, section 2): its primes are powers of 65537 modulo each of them, and so is
// their product.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// factorable tells whether a modulus bears that mark, which one other
// in two hundred million bears by chance.
func factorable(n *big.Int) bool {
	for _, p := range rocaPrimes {
		if !isPower(new(big.Int).Mod(n, big.NewInt(p)).Int64(), p) {
			return false
		}
	}
	return true
}

// isPower tells whether r is a power of 65537 modulo p.
func isPower(r, p int64) bool {
	for power, i := int64(1), int64(0); i < p; i++ {
		if power == r {
			return true
		}
		power = power * minExponent % p
	}
	return false
}
