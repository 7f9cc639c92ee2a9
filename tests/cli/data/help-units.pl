#!/usr/bin/perl
# help-units.pl: option tables as `xbarc help` prints them, on standard input: every number says its unit, every option of a device
# whether it is drawn once a chip (d2d) or with every conversion (c2c), every number of bits what 0 is.
use strict;
use warnings;

my $counted = 'bits|images|chips|items|writes|devices|conductances|(?:word|bit) lines|rows and columns|converters|arrays|tiles';
my $units = qr/no unit|\b(?:$counted|circuits|version)\b/;
my ($part, $in_devices, $bad, %n) = ('', 0, 0);
my ($name, $text);
sub complain { print "$part: $name $_[0]: $text\n"; $bad++ }
sub look {
    return unless defined $name;
    $n{options}++;
    my ($type) = $text =~ /^([^.,]*?)(?:,|\. |$)/;
    if ($type =~ /^(?:list of )?(?:integer|real)/ && $type !~ /^(?:list of )?real \(\w/) { complain('has no unit') if $text !~ $units }
    complain('says neither d2d nor c2c') if $in_devices && $text !~ /\((?:d2d|c2c)[,)]/;
    complain('varies, but says not how') if $text =~ /standard deviation (?:of|that)/ && $name ne 'clip' && $text !~ /\((?:d2d|c2c)[,)]/;
    complain('says not what 0 bits are') if $name =~ /[_-]bits$/ && $text !~ /0: ideal/;
    undef $name;
}
while (<STDIN>) {
    if (/^(\S[^:]*): /) { look(); $part = $1; $in_devices = 1 if $part eq 'devices'; $in_devices = 0 if $part =~ /^(?:chip|programming|hardware)$/ }
    elsif (/^ {2,6}([a-z][\w-]*) {2,}((?:integer|real|text|path|map|one of|true or|list of)\b.*)/) { look(); ($name, $text) = ($1, $2) }
    elsif (defined $name && /^ {5,}(\S.*)/) { $text .= " $1" }
    else { look() }
}
look();
print "$n{options} options, $bad bad\n";
exit($bad > 0);
