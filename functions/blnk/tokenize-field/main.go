// Command tokenize-field serves POST /identities/{id}/tokenize/{field} of the Blnk API.
package main

import (
	"cedula/shared/boot/blnk"
	"cedula/shared/boot/tokenization"
)

func main() { blnk.StartOn(tokenization.NewRegistry, "tokenize-field") }
