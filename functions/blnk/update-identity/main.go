// Command update-identity serves PUT /identities/{id} of the Blnk API.
package main

import (
	"cedula/shared/boot/blnk"
	"cedula/shared/boot/tokenization"
)

func main() { blnk.StartOn(tokenization.NewRegistry, "update-identity") }
