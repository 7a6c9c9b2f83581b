create table users (id int primary key, points int not null);
insert into users values (1, 70), (3, 5);
