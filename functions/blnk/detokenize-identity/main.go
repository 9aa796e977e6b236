// Command detokenize-identity serves POST /identities/{id}/detokenize of the Blnk API.
package main

import (
	"cedula/shared/boot/blnk"
	"cedula/shared/boot/tokenization"
)

func main() { blnk.StartOn(tokenization.NewRegistry, "detokenize-identity") }
