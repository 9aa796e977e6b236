// Command get-identity serves GET /identities/{id} of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("get-identity") }
