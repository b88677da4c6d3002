// Empty: lets the compiler accept the functions without a body in headers.go.
