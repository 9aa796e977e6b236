// Command tokenize-identity serves POST /identities/{id}/tokenize of the Blnk API.
package main

import (
	"cedula/shared/boot/blnk"
	"cedula/shared/boot/tokenization"
)

func main() { blnk.StartOn(tokenization.NewRegistry, "tokenize-identity") }
