// Command hold-identity serves POST /identities/{id}/hold of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("hold-identity") }
