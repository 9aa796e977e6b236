// Command update-identity serves PATCH /identities/{id} of the Conomy API.
package main

import (
	"cedula/shared/boot/conomy"
	"cedula/shared/boot/tokenization"
)

func main() { conomy.StartOn(tokenization.NewRegistry, "update-identity") }
