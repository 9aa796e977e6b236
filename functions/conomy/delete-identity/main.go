// Command delete-identity serves DELETE /identities/{id} of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("delete-identity") }
