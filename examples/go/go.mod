module standin.example/users

go 1.19
